package session

import (
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
)

// Secrets keeps passwords by the names of accounts.
type Secrets interface {
	Get(name string) (string, error) // ErrNoPassword
	Set(name, password string) error // ErrNoStore
	Delete(name string) error
}

// ErrNoPassword says that a password is not stored.
var ErrNoPassword = errors.New("its password is not stored on this computer: enter it when you are asked, or name an environment variable that holds it with password_env in the account's file")

// ErrNoStore says that this computer has no password store that can be used.
var ErrNoStore = errors.New("this computer has no password store that can be used, so the password was not kept: enter it when you are asked, or name an environment variable that holds it with password_env in the account's file")

// storeName is under which name the passwords stand in the system's store.
const storeName = "Softphone Doctor"

// storeTime is how long the store may take: it may ask the person to unlock it.
const storeTime = 60 * time.Second

// systemSecrets is the system's own store: the Keychain of macOS, the Credential Manager
// of Windows, the Secret Service of Linux desktops.
type systemSecrets struct{}

// within bounds a call into the store, which may wait for a service that never answers.
func (systemSecrets) within(do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(storeTime):
		return errors.New("it does not answer")
	}
}

func (s systemSecrets) Get(name string) (string, error) {
	got := make(chan string, 1)
	err := s.within(func() error {
		password, err := keyring.Get(storeName, name)
		got <- password
		return err
	})
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return "", ErrNoPassword
	case err != nil:
		return "", fmt.Errorf("%w (the password store: %w)", ErrNoPassword, err)
	}
	return <-got, nil
}

func (s systemSecrets) Set(name, password string) error {
	if err := s.within(func() error { return keyring.Set(storeName, name, password) }); err != nil {
		return fmt.Errorf("%w (%w)", ErrNoStore, err)
	}
	return nil
}

func (s systemSecrets) Delete(name string) error {
	// What cannot be reached was not stored there by this computer's user either.
	_ = s.within(func() error { return keyring.Delete(storeName, name) })
	return nil
}
