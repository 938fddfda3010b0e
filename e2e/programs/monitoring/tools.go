//go:build tools

// Package tools pins the Prometheus operator's types, and the program that makes its definitions from them.
package tools

import (
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	_ "sigs.k8s.io/controller-tools/cmd/controller-gen"
)
