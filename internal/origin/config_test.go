package origin

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		cfg  Config
		want string // of the error; "": fine
	}{
		{Config{Name: "a", URL: "file:/srv/films"}, ""},
		{Config{Name: "a", URL: "file:///srv/films"}, ""},
		{Config{Name: "a", URL: "s3://bucket"}, ""},
		{Config{Name: "a", URL: "s3://bucket/films/", Endpoint: "https://s3.example:9000/", AccessKey: "A", SecretKey: "B", Region: "eu-1"}, ""},
		{Config{Name: "a", URL: "https://u:p@example/films?token=x", Timeout: time.Second}, ""},
		{Config{URL: "file:/srv"}, "no name"},
		{Config{Name: "a", URL: "file:"}, "without a directory"},
		{Config{Name: "a", URL: "file:/srv", SecretKey: "B"}, "s3: only"},
		{Config{Name: "a", URL: "s3:///films"}, "s3://BUCKET/PREFIX"},
		{Config{Name: "a", URL: "s3://b", AccessKey: "A"}, "only one"},
		{Config{Name: "a", URL: "s3://b", Endpoint: "s3.example"}, "endpoint"},
		{Config{Name: "a", URL: "s3://b", Endpoint: "https://s3.example/path"}, "endpoint"},
		{Config{Name: "a", URL: "https://"}, "no host"},
		{Config{Name: "a", URL: "ftp://example/"}, "none of"},
		{Config{Name: "a", URL: "http://secret\x7f/"}, "its url is not one"},
		{Config{Name: "a", URL: "http://e/", Timeout: -1}, "negative"},
	} {
		err := tc.cfg.Check()
		if (err == nil) != (tc.want == "") || err != nil && (!strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret\x7f")) {
			t.Errorf("%s: %v", tc.cfg.URL, err)
		}
	}
	if _, err := New([]Config{{Name: "a", URL: "file:/x"}, {Name: "a", URL: "file:/y"}}, quiet(), time.Now); err == nil {
		t.Error("two sites of one name")
	}
}

func TestConfigDoesNotTellItsSecrets(t *testing.T) {
	t.Parallel()
	c := Config{Name: "store", URL: "https://user:hush@example/films/?token=hush", SecretKey: "hush"}
	if s := fmt.Sprintf("%v %+v %s", c, c, c.LogValue()); strings.Contains(s, "hush") || !strings.Contains(s, "example/films") {
		t.Error(s)
	}
}

// What the admin API shows of a site has nothing that opens it.
func TestStatsHaveNoSecrets(t *testing.T) {
	t.Parallel()
	o, err := New([]Config{
		{Name: "web", URL: "https://me:s3cret@h/films/?sig=s3cret"},
		{Name: "store", URL: "s3://bucket/films", Endpoint: "https://s3.example", AccessKey: "s3cret", SecretKey: "s3cret"},
		{Name: "films", URL: "file:/srv/films"},
	}, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	var got []string
	for _, st := range o.Stats() {
		got = append(got, st.URL)
	}
	if want := []string{"https://h/films/", "s3://bucket/films", "file:/srv/films"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
