package directory

// Nearest returns the code among known that code was probably meant to be, or "": one
// mistake in a short code, two in a longer one.
func Nearest(code string, known []string) string {
	best, least := "", 1
	if len(code) >= 6 {
		least = 2
	}
	for _, k := range known {
		d := distance(code, k, least)
		if k != code && d <= least && (best == "" || d < distance(code, best, least) || d == distance(code, best, least) && k < best) {
			best = k
		}
	}
	return best
}

// distance counts the letters to add, drop, change or swap with their neighbour between
// a and b (optimal string alignment); above limit it may say limit+1.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
