//go:build !linux

package lab

import "errors"

const namespacesDir = "/run/netns"

func insideNamespace(string, func() error) error {
	return errors.New("network namespaces are of Linux only")
}
