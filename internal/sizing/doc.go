// Package sizing reckons what a service takes: memory for the windows, disk for the bus, bandwidth, network interfaces, edges and requests.
//
// Everything in it is a pure function of what is given. Plan answers for a service that is to be built, each number with its formula; Check
// tells whether the DVR durations of the channels that are there fit what this server has, and by how much they do not.
//
// Constants that are no choice are measured, and held to by tests: edge/window measures the heap of real windows against Channel.Memory,
// internal/bus what a real stream stores against Channel.Disk.
package sizing
