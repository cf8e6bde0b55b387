package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"
)

// Preferences are what this program remembers for a person, beside accounts. They hold
// no secret.
type Preferences struct {
	Sound SoundChoice `toml:"sound"`
}

// preferencesFile is in the person's own folder for settings.
func preferencesFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "softphone-doctor", "preferences.toml"), nil
}

// LoadPreferences gives what was remembered; nothing was, where there is no file. A
// broken file is an error that names it.
func LoadPreferences() (Preferences, error) {
	var p Preferences
	path, err := preferencesFile()
	if err != nil {
		return p, nil // nowhere to remember anything
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		return p, fmt.Errorf("cannot read %s: %w", path, bareError(err))
	}
	if err := toml.Unmarshal(data, &p); err != nil {
		return Preferences{}, fmt.Errorf("%s is damaged (%w): correct or remove it", path, err)
	}
	return p, nil
}

// Save remembers the preferences.
func (p Preferences) Save() error {
	path, err := preferencesFile()
	if err != nil {
		return fmt.Errorf("there is no folder for settings: %w", err)
	}
	data, err := toml.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("cannot make %s: %w", filepath.Dir(path), bareError(err))
	}
	if err := replaceFile(path, data); err != nil {
		return fmt.Errorf("cannot save %s: %w", path, err)
	}
	return nil
}

// soundChoice is what the request says, else what is remembered.
func (r Request) soundChoice() SoundChoice {
	if r.Sound != nil {
		return *r.Sound
	}
	p, err := LoadPreferences()
	if err != nil {
		return SoundChoice{} // the system's choice is as good as a file that cannot be read
	}
	return p.Sound
}
