// Package shard is how edges of one bus share what is read from elsewhere: each object has an owner among them, and who needs an object asks its
// owner before the source.
//
//	KV bucket weir-edges ◄─ a beat a second of each edge ─► Members ─► Owner ─► Peers ─► HTTP /peer/… of the owner
//
// The owner is found by rendezvous hashing over those that live: a member that joins or leaves moves only its own share. Members may disagree for
// a moment about who lives. That costs a second read of an object, and nothing else: an edge that is asked by another never asks a third.
//
// # Who lives
//
// A member is dead when nothing was heard of it for a while in which the edge's own beats did come back. So while the bus is away nobody dies of
// it. Who cannot be reached is passed over for a moment, by whoever has seen that, for the next in order.
package shard
