package desktop

// Harden does nothing: Windows writes a dump only where an administrator has asked for
// one (Windows Error Reporting, LocalDumps).
func Harden() error { return nil }
