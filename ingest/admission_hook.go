package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

const (
	hookTimeout   = 3 * time.Second // for the whole of an answer
	hookAsking    = 32              // questions at one time; others wait, within their timeout
	maxHookAnswer = 4 << 10         // bytes of an answer that are read
	maxHookReason = 200             // bytes of it that are told
)

// Hook asks an HTTP server of the operator's whether a feed may come in: on_publish. It is for many goroutines.
type Hook struct {
	address string
	open    bool // whether feeds come in while the server does not answer
	log     *slog.Logger
	client  *http.Client
	slots   chan struct{}
}

// NewHook makes a hook that posts to address. open: feeds are let in while no answer is to be had; otherwise they are refused.
func NewHook(address string, open bool, log *slog.Logger) *Hook {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = hookAsking
	transport.MaxResponseHeaderBytes = 16 << 10
	return &Hook{
		address: address, open: open, log: log, slots: make(chan struct{}, hookAsking),
		client: &http.Client{
			Transport: transport,
			// The question holds a key: it goes nowhere but to the URL that the operator gave.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// question is the body of a request. Keys are sent as they were given: checking them is what such a server is for.
type question struct {
	Action    string `json:"action"` // publish
	Channel   string `json:"channel"`
	Rendition string `json:"rendition"`
	Input     string `json:"input"`
	Protocol  string `json:"protocol"`
	Remote    string `json:"remote"` // HOST:PORT
	Key       string `json:"key"`
}

// errUnanswered is a hook that said neither yes nor no.
var errUnanswered = errors.New("on_publish gave no answer")

// Ask returns nil where the feed may come in, else an ErrRefused with the reason that the server gave: 2xx lets in, 4xx refuses, and
// everything else is no answer.
func (h *Hook) Ask(ctx context.Context, p Publish) error {
	err := h.ask(ctx, p)
	if errors.Is(err, errUnanswered) && h.open {
		h.log.Warn("feed let in without an answer", "channel", p.Channel, "protocol", p.Protocol, "remote", p.Remote, "err", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}

func (h *Hook) ask(ctx context.Context, p Publish) error {
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return fmt.Errorf("%w: %d questions are open", errUnanswered, hookAsking)
	}
	body, err := json.Marshal(question{
		Action: "publish", Channel: p.Channel, Rendition: p.Rendition, Input: p.Input, Protocol: p.Protocol, Remote: p.Remote, Key: p.Key,
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errUnanswered, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", errUnanswered, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.client.Do(req)
	if err != nil {
		if at := new(url.Error); errors.As(err, &at) {
			err = at.Err // without the URL, which may have a secret
		}
		return fmt.Errorf("%w: %w", errUnanswered, err)
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxHookAnswer))
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return nil
	case resp.StatusCode >= 400 && resp.StatusCode < 500:
		return errors.New(reasonOf(string(said), resp.Status))
	case err != nil:
		return fmt.Errorf("%w: %w", errUnanswered, err)
	}
	return fmt.Errorf("%w but %s", errUnanswered, reasonOf(resp.Status, ""))
}

// reasonOf is what a server said as one short line; instead where that is nothing.
func reasonOf(said, instead string) string {
	said = strings.ToValidUTF8(said, "")
	said = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, said)
	said = strings.Join(strings.Fields(said), " ")
	if said == "" {
		return instead
	}
	if len(said) > maxHookReason {
		said = strings.ToValidUTF8(said[:maxHookReason], "") + "…"
	}
	return said
}

// Close lets go of what is kept for the next question. h may be nil.
func (h *Hook) Close() {
	if h != nil {
		h.client.CloseIdleConnections()
	}
}
