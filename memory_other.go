//go:build !linux && !nogui

package main

func takeMemoryInLargePieces() {}
