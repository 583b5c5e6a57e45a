package broker

// These are for the fuzz tests.
var (
	RedirectAllowed = redirectAllowed
	ReadUserCode    = readUserCode
	ShownUserCode   = shownUserCode
	DeviceName      = deviceName
)
