// Package e2e tries the whole program as its users do: real broadcasters push, real players play, operators call the API,
// servers are killed. It holds tests only.
package e2e
