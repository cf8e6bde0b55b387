//go:build !linux

package lab

import "errors"

const impairReady = ""

func impairQueue(string) error { return errors.New("packet queues are of Linux only") }
