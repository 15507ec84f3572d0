package packager

import "weir/internal/media"

// isRotation tells whether a format may ask for pictures to be turned so.
func isRotation(f media.Format) bool {
	switch f.Rotation {
	case 0:
		return true
	case 90, 180, 270:
		return f.Codec.Kind() == media.Video
	}
	return false
}

// unrotated is the size of the picture before it is turned.
func (d *description) unrotated() (width, height int) {
	if d.Rotation%180 != 0 {
		return d.Height, d.Width
	}
	return d.Width, d.Height
}

// matrix is that of tkhd (ISO/IEC 14496-12, 6.2.2). It takes the point (p, q) of the picture that is not turned to (ap + cq + x, bp + dq + y),
// with y downwards, and moves what was turned back to where its corner at the top left is (0, 0).
func (d *description) matrix() [9]int32 {
	const one, last = 1 << 16, 1 << 30
	width, height := d.unrotated()
	x, y := int32(uint32(width)<<16), int32(uint32(height)<<16)
	switch d.Rotation {
	case 90:
		return [9]int32{0, one, 0, -one, 0, 0, y, 0, last}
	case 180:
		return [9]int32{-one, 0, 0, 0, -one, 0, x, y, last}
	case 270:
		return [9]int32{0, -one, 0, one, 0, 0, 0, x, last}
	}
	return [9]int32{one, 0, 0, 0, one, 0, 0, 0, last}
}
