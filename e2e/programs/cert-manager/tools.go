//go:build tools

package main

import (
	_ "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	_ "sigs.k8s.io/controller-tools/cmd/controller-gen"
)
