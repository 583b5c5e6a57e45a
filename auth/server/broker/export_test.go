package broker

// RedirectAllowed is for the fuzz test.
var RedirectAllowed = redirectAllowed
