package config

import "errors"

// RTMPS is RTMP inside of TLS.
type RTMPS struct {
	Listen      string // HOST:PORT, "" for no RTMPS. Default: ""
	Certificate string // PEM file of the certificate and those between it and a root; read again when it changes
	Key         string // PEM file of its key
}

// rtmps reads the section of that name.
func rtmps(to *RTMPS) reader {
	return section(
		key{"listen", value(&to.Listen, listenOrOff)},
		key{"certificate", value(&to.Certificate, text)},
		key{"key", value(&to.Key, text)},
	)
}

// check tells what is missing.
func (r RTMPS) check() error {
	switch {
	case r.Listen != "" && (r.Certificate == "" || r.Key == ""):
		return errors.New("certificate and key are needed: two PEM files")
	case r.Listen == "" && (r.Certificate != "" || r.Key != ""):
		return errors.New("listen is missing: write an address like :1936")
	}
	return nil
}
