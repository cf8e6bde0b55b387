package codec

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// fabricOf looks at a sound that was encoded by one codec and says that it is another.
func fabricOf(as, says string, samples []int16) Fabric {
	data, _ := Encode(as, samples, nil)
	return fabricOfBytes(says, data)
}

func fabricOfBytes(says string, data []byte) Fabric {
	var t Texture
	for len(data) > 0 && t.Add(says, data[:min(160, len(data))]) {
		data = data[min(160, len(data)):]
	}
	return t.Fabric()
}

// TestTextureOfSpeech: real voices, by the right law and by the wrong one, loud and faint.
func TestTextureOfSpeech(t *testing.T) {
	laws := [2]string{"PCMU", "PCMA"}
	faint, missed := 0, 0 // of voices so faint that the wrong law hides more of them
	for _, name := range []string{"asterisk-demo-congrats-8k.wav", "asterisk-demo-thanks-8k.wav",
		"asterisk-vm-intro-8k.wav", "espeak-harvard-1-8k.wav", "espeak-harvard-2-8k.wav", "librivox-8k.wav"} {
		for _, gain := range []float64{0, -10, -20} {
			samples := late(speech(t, name), 0, gain)
			for at := 0; at+24000 <= len(samples); at += 40000 {
				for i := range laws {
					part := samples[at : at+24000]
					require.Equal(t, FabricSound, fabricOf(laws[i], laws[i], part), "%s at %d, %s, %v dB", name, at, laws[i], gain)
					got := fabricOf(laws[i], laws[1-i], part)
					if gain > -20 {
						require.Equal(t, FabricOtherLaw, got, "%s at %d, %s as the other, %v dB", name, at, laws[i], gain)
						continue
					}
					if faint++; got != FabricOtherLaw {
						missed++
					}
				}
			}
		}
	}
	require.Less(t, 10*missed, faint, "missed of %d", faint)
}

// TestTextureOfOtherSounds: whatever else comes over a line is what it says.
func TestTextureOfOtherSounds(t *testing.T) {
	for name, sound := range strangers(t) {
		for run := range uint64(20) {
			random := rand.New(rand.NewPCG(run, 3))
			samples := sound(random, 3*SampleRate)
			for _, law := range []string{"PCMU", "PCMA"} {
				got := fabricOf(law, law, samples)
				require.Contains(t, []Fabric{FabricSound, FabricUnknown}, got, "%s in %s, run %d", name, law, run)
			}
			data := new(G722Encoder).Encode(nil, samples)
			require.NotEqual(t, FabricEven, fabricOfBytes("G722", data), "%s in G722, run %d", name, run)
		}
	}
	require.Equal(t, FabricUnknown, fabricOf("PCMU", "PCMU", make([]int16, 4000)), "too little")
	require.NotEqual(t, FabricEven, fabricOf("PCMU", "PCMU", play(NewProbe(3), 3*SampleRate)))
}

// TestTextureOfEncrypted: what only a key can open, in any codec's name.
func TestTextureOfEncrypted(t *testing.T) {
	for run := range uint64(50) {
		random := rand.New(rand.NewPCG(run, 5))
		data := make([]byte, textureLook+random.IntN(textureMost))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		for _, name := range []string{"PCMU", "PCMA", "G722"} {
			require.Equal(t, FabricEven, fabricOfBytes(name, data), "%s, run %d", name, run)
		}
	}
}

func BenchmarkTexture(b *testing.B) {
	data, _ := Encode("PCMU", play(Noise(-20, 1), 160), nil)
	t := new(Texture)
	b.ReportAllocs()
	for b.Loop() {
		if !t.Add("PCMU", data) {
			*t = Texture{}
		}
	}
}
