package desktop

import "golang.org/x/sys/windows"

// anyProcess is ASFW_ANY of AllowSetForegroundWindow.
const anyProcess = 0xFFFFFFFF

var allowSetForegroundWindow = windows.NewLazySystemDLL("user32.dll").NewProc("AllowSetForegroundWindow")

// AllowForeground lets another process of this session bring its window to the front,
// which Windows grants only to whom the person is dealing with: right after a click on our
// icon that is us, and we may hand it on. pid 0 stands for any process. A refusal changes
// nothing but that the window's button blinks instead.
func AllowForeground(pid int) {
	target := uintptr(anyProcess)
	if pid > 0 {
		target = uintptr(pid)
	}
	if allowSetForegroundWindow.Find() == nil {
		_, _, _ = allowSetForegroundWindow.Call(target)
	}
}
