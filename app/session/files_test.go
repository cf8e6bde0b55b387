package session

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is found unusable before a check costs nobody a call.
func TestSavePath(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{"r": "r.zip", "r.zip": "r.zip", "r.ZIP": "r.ZIP", "r.1": "r.1.zip"} {
		got, err := SavePath(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, want), got)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "trying leaves nothing behind")

	_, err = SavePath(filepath.Join(dir, "nowhere", "r.zip"))
	require.ErrorContains(t, err, "cannot be saved in")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "d.zip"), 0o700))
	_, err = SavePath(filepath.Join(dir, "d"))
	require.ErrorContains(t, err, "is a folder")
}

// The file is replaced whole, for one person's eyes, and leaves no other file.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "r.zip")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	require.NoError(t, os.WriteFile(path+".part", []byte("somebody else's"), 0o644))
	require.NoError(t, replaceFile(path, []byte("new")))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(b))
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, st.Mode().Perm()&0o077)
	b, err = os.ReadFile(path + ".part")
	require.NoError(t, err)
	require.Equal(t, "somebody else's", string(b))

	require.NoError(t, os.Mkdir(filepath.Join(dir, "full"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "full", "x"), nil, 0o600))
	require.Error(t, replaceFile(filepath.Join(dir, "full"), []byte("new")))
	left, err := filepath.Glob(filepath.Join(dir, ".softphone-doctor-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}
