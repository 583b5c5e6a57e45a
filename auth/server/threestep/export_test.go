package threestep

// RedirectAllowed is what the fuzzer holds against a browser's reading.
var RedirectAllowed = redirectAllowed
