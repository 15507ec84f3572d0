package shard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Member is an edge that others may ask.
type Member struct {
	ID      string `json:"id"`      // a key of the bucket
	Address string `json:"address"` // http://HOST:PORT or https://HOST[:PORT]; "": it shares nothing, and is only shown
	Group   string `json:"group"`   // edges share with those of their own group
	Load    int    `json:"load"`    // connections of players
	Lagging int    `json:"lagging"` // channels that lag behind the bus
}

// Bounds of what a member says of itself.
const (
	maxWord    = 1 << 10 // bytes
	maxText    = 253
	maxMembers = 1000
)

// ErrMalformed is what somebody has written that is no member.
var ErrMalformed = errors.New("malformed member")

// parse reads what stands under a key of the bucket.
func parse(key string, word []byte) (m Member, err error) {
	if len(word) > maxWord {
		return m, fmt.Errorf("%w: %d bytes", ErrMalformed, len(word))
	}
	if err := json.Unmarshal(word, &m); err != nil {
		return m, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if m.ID != key || len(m.ID) > maxText || len(m.Group) > maxText || m.Load < 0 || m.Lagging < 0 {
		return m, fmt.Errorf("%w: id %.50q under %.50q", ErrMalformed, m.ID, key)
	}
	if m.Address != "" {
		if err := CheckAddress(m.Address); err != nil {
			return m, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	return m, nil
}

// CheckAddress refuses what is no address of an edge: http://HOST:PORT, without a path.
func CheckAddress(s string) error {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxText || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("is no address of an edge, write it as http://HOST:PORT")
	}
	return nil
}
