package check

import "context"

func (s *session) checkDASH(ctx context.Context, first *answer) {}
