package diagnosis

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A text that counts as tidy is one that tidying would not change.
func TestTidy(t *testing.T) {
	require.Equal(t, "It is busy. Wait, then: (try) again; done", tidy("  It  is busy . Wait , then : (try ) again ; done "))
	signs := []string{"", " ", "a", ".", ",", ";", ":", ")", "\t", "\n", "\u00a0", "\u2003", "é", "“"}
	for _, a := range signs {
		for _, b := range signs {
			for _, c := range signs {
				for _, d := range signs {
					s := a + b + c + d
					if isTidy(s) {
						require.Equal(t, strings.Join(strings.Fields(s), " "), s)
						require.Equal(t, tidy(s+" "), s)
					}
				}
			}
		}
	}
	require.True(t, isTidy("The server refused the call. It said: busy"))
	require.False(t, isTidy("The server refused . It"))
}
