package ingest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/netip"

	"weir/internal/catalog"
)

// Admission is who may publish, apart from the channels' own keys and addresses. The zero value lets everybody.
type Admission struct {
	Allow catalog.Addresses // where publishers may come from; "": from anywhere. A channel's own list narrows it
	Hook  *Hook             // is asked last, where there is one
}

// admit decides whether a feed may come in, before anything is done for it: the address may publish, the channel is there, the key is
// right, and the hook agrees. It gives back the channel's settings as they are now.
func (s *Server) admit(ctx context.Context, p Publish) (catalog.Channel, error) {
	a := s.cfg.Admission
	if err := allowed(a.Allow, p); err != nil { // first, so that strangers do not learn which channels there are
		return catalog.Channel{}, err
	}
	ch, ok := s.cfg.Catalog.Channel(p.Channel)
	if !ok {
		return catalog.Channel{}, ErrUnknownChannel
	}
	if err := allowed(ch.Allow, p); err != nil {
		return catalog.Channel{}, err
	}
	if !keyFits(ch.Key, p.Key) {
		return catalog.Channel{}, ErrKey
	}
	if a.Hook != nil && !p.Source {
		if err := a.Hook.Ask(ctx, p); err != nil {
			return catalog.Channel{}, err
		}
	}
	return ch, nil
}

// allowed tells whether the publisher's address is in the list. Who has no address is refused, where one counts.
func allowed(list catalog.Addresses, p Publish) error {
	if list == "" || p.Source {
		return nil
	}
	remote, err := netip.ParseAddrPort(p.Remote)
	if err != nil {
		return fmt.Errorf("%w: the publisher's address is not known", ErrAddress)
	}
	if !list.Contain(remote.Addr()) {
		return ErrAddress
	}
	return nil
}

// keyFits compares in a time that tells nothing about the key, its length included.
func keyFits(want, got string) bool {
	if want == "" {
		return true
	}
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(got))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
