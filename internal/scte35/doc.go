// Package scte35 reads and writes splice_info_sections (ANSI/SCTE 35 2023r1): what a broadcaster says of the places where advertisements and
// programmes begin and end.
//
// It keeps to what packagers need: splice_insert, time_signal and segmentation_descriptors. Other commands are told by their number,
// other descriptors are passed by. Sections that are encrypted or do not agree with their CRC are refused. All sizes that a section
// names are held against what there is of it.
package scte35
