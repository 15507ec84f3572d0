package media

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseCaptions(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]Caption{
		"":                             nil,
		"none":                         nil,
		"CC1":                          {{ID: "CC1"}},
		"SERVICE12,CC3=es-419 ,CC1=en": {{ID: "CC1", Language: "en"}, {ID: "CC3", Language: "es-419"}, {ID: "SERVICE12"}},
	} {
		got, err := ParseCaptions(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, got, s)
	}
	for _, s := range []string{"CC5", "CC0", "CC01", "SERVICE0", "SERVICE33", "cc1", "CC1=", "CC1=e n", "CC1,CC1", "CC1;CC2", ","} {
		_, err := ParseCaptions(s)
		assert.Error(t, err, s)
	}
}

func TestCaptionsAreDistinct(t *testing.T) {
	t.Parallel()
	all := Captions(0)
	for n := 1; n <= 4; n++ {
		all |= Caption608(n)
	}
	for n := 1; n <= MaxService; n++ {
		all |= Caption708(n)
	}
	assert.Len(t, all.IDs(), 4+MaxService)
	assert.True(t, all.Valid())
	assert.False(t, (all << 1).Valid())
	assert.Zero(t, Caption608(5)|Caption608(0)|Caption708(0)|Caption708(MaxService+1))
}
