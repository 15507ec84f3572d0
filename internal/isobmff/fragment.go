package isobmff

// Flags of `tfhd` (ISO/IEC 14496-12, 8.8.7.1): which of its fields are there, in this order.
const (
	TfhdBaseOffset  = 0x000001
	TfhdDescription = 0x000002
	TfhdDuration    = 0x000008
	TfhdSize        = 0x000010
	TfhdFlags       = 0x000020
	TfhdBaseIsMoof  = 0x020000 // no field: offsets count from the moof
)

// Flags of `trun` (8.8.8.1): which fields it has, and then each of its samples, in this order.
const (
	TrunDataOffset = 0x000001
	TrunFirstFlags = 0x000004
	TrunDuration   = 0x000100
	TrunSize       = 0x000200
	TrunFlags      = 0x000400
	TrunOffset     = 0x000800 // of the presentation
)

// Flags of samples (8.8.3.1).
const (
	SampleIndependent = 0x02000000 // sample_depends_on 2: on no other
	SampleDependent   = 0x01000000 // sample_depends_on 1: on others
	SampleNonSync     = 0x00010000 // sample_is_non_sync_sample
)
