//go:build tools

// Package tools pins the Kubernetes and etcd programs that the end-to-end tests run against.
// A wrapper module is needed because `go install` refuses modules with replace directives.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
