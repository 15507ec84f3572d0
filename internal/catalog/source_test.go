package catalog

import (
	"strings"
	"testing"
	"time"
)

func TestParseSRT(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]SRTSource{
		"srt://192.0.2.7:9000":  {Address: "192.0.2.7:9000"},
		"srt://[::1]:9000/?":    {Address: "[::1]:9000"},
		"srt://h:1?mode=caller": {Address: "h:1"},
		"srt://h:1?streamid=%23!::r=a,m=request&passphrase=top%20": {},
		"srt://h:1?streamid=read:a&passphrase=0123456789&latency=200": {
			Address: "h:1", StreamID: "read:a", Passphrase: "0123456789", Latency: 200 * time.Millisecond,
		},
		"srt://h:1?latency=1.5s": {Address: "h:1", Latency: 1500 * time.Millisecond},
		"srt://h":                {}, "srt://:9000": {}, "srt://h:0": {}, "srt://h:65536": {}, "srt://h:1/path": {}, "srt://u:p@h:1": {},
		"srt://h:1?mode=listener": {}, "srt://h:1?latency=-1ms": {}, "srt://h:1?latency=31s": {}, "srt://h:1?latency=soon": {},
		"srt://h:1?passphrase=short": {}, "srt://h:1?streamid=a&streamid=b": {}, "srt://h:1?pbkeylen=16": {}, "srt://h:1?a=%zz": {},
		"srt://h:1?streamid=" + strings.Repeat("a", MaxStreamID+1): {}, "srt://h:1#x": {}, "http://h:1": {},
	} {
		got, err := ParseSRT(in)
		if got != want || (err == nil) != (want != SRTSource{}) {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "top") || strings.Contains(err.Error(), "u:p")) {
			t.Errorf("%s: a secret is in %q", in, err)
		}
	}
}

func TestHideSource(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"file:/a?key=b.mp4": "file:/a?key=hidden",
		"srt://h:1":         "srt://h:1",
		"srt://h:1?streamid=read:a:s3cret&latency=2&PASSPHRASE=0123456789#k": "srt://h:1?streamid=hidden&latency=2&PASSPHRASE=hidden#k",
		"http://me:s3cret@h/a.ts?token=s3cret":                               "http://hidden@h/a.ts?token=hidden",
	} {
		got := HideSource(in)
		if got != want || HideSource(got) != got {
			t.Errorf("%s: %s", in, got)
		}
	}
}

// What the API shows of a source is refused as a source: it would take the place of the secret.
func TestHiddenSecretIsNoSource(t *testing.T) {
	t.Parallel()
	ch := New("a")
	for source, ok := range map[string]bool{
		"srt://h:1?streamid=hidden": false, "srt://h:1?streamid=a": true, "srt://h:1?passphrase=hidden": false, "srt://h:1": true,
	} {
		ch.Source = source
		if err := ch.Validate(); (err == nil) != ok {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func TestValidatePassphrase(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"": true, "0123456789": true, "012345678": false, strings.Repeat("x", 79): true, strings.Repeat("x", 80): false,
		"0123 456789": false, "0123456789é": false, `!"#$%&'()*`: true,
	} {
		if err := ValidatePassphrase(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		} else if err != nil && strings.Contains(err.Error(), s) {
			t.Errorf("the passphrase is in %q", err)
		}
	}
}

// Neither logs nor prints have a channel's secrets.
func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	ch := New("a")
	ch.Key, ch.Passphrase, ch.Source = "s3cret-key", "s3cret-phrase", "srt://h:1?passphrase=s3cret-source"
	p := Patch{Key: &ch.Key, Passphrase: &ch.Passphrase, Source: &ch.Source}
	for _, said := range []string{
		ch.String(), ch.GoString(), ch.LogValue().String(), p.String(), p.GoString(), p.LogValue().String(),
	} {
		if strings.Contains(said, "s3cret") {
			t.Error(said)
		}
	}
}
