package evidence

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEModelPoints holds the rating against points that two other programs agree on.
func TestEModelPoints(t *testing.T) {
	f, err := os.Open("testdata/emodel.csv")
	require.NoError(t, err)
	defer f.Close()
	in := csv.NewReader(f)
	in.Comment = '#'
	rows, err := in.ReadAll()
	require.NoError(t, err)
	rows = rows[1:]
	require.Len(t, rows, 48)
	for _, row := range rows {
		var v [8]float64
		for i := 1; i < len(v); i++ {
			v[i], err = strconv.ParseFloat(row[i], 64)
			require.NoError(t, err)
		}
		m := EModel{Ie: v[1], Bpl: v[2], Delay: v[3], Loss: v[4], BurstRatio: v[5]}
		require.InDelta(t, v[6], m.R(), 0.01, "%v", row)
		require.InDelta(t, v[7], MOS(m.R()), 0.002, "%v", row)
	}
}

func TestEModelEnds(t *testing.T) {
	require.InDelta(t, 93.2, EModel{Bpl: 25.1}.R(), 0.01, "all at the defaults")
	require.Zero(t, EModel{Bpl: 4.3, Loss: 100, BurstRatio: 8, Delay: 2000}.R(), "never negative")
	require.Equal(t, 1.0, MOS(-5))
	require.Equal(t, 4.5, MOS(120))
	last := 0.0
	for r := 0.0; r <= 100; r += 0.25 {
		require.GreaterOrEqual(t, MOS(r), last, "a better rating is no worse, at %v", r)
		last = MOS(r)
	}
	// Talker echo at 100 ms: each row is a calculation of its own.
	for telr, want := range map[float64]float64{30: 35, 40: 59, 45: 70, 50: 80, 55: 86, 65: 91} {
		require.InDelta(t, want, EModel{Bpl: 25.1, Delay: 100, TELR: telr}.R(), 0.6, "TELR %v", telr)
	}
	for _, bad := range []float64{0, 1, 1000, 1e6} {
		r := EModel{Bpl: 25.1, Delay: bad, Loss: 100}.R()
		require.False(t, math.IsNaN(r) || r < 0, "%v", r)
	}
}
