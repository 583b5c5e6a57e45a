package launch

import "testing"

// TestProgramCheck is what an entry of the device's list may be, on every system.
func TestProgramCheck(t *testing.T) {
	file := func(path string) Program { return Program{ID: "chat", Path: path} }
	scheme := func(address string) Program { return Program{ID: "chat", Scheme: address} }
	for _, row := range []struct {
		system string
		good   bool
		p      Program
	}{
		{"linux", true, file("/opt/acme/chat")},
		{"linux", true, Program{ID: "chat", Path: "/opt/acme chat/it", Args: []string{"--sso", "; rm -rf /", "$(id)"}}}, // no shell reads them
		{"darwin", true, file("/Applications/Chat.app/Contents/MacOS/Chat")},
		{"windows", true, file(`C:\Program Files\Acme\chat.exe`)},
		{"windows", true, file(`d:\chat.EXE`)},
		{"linux", true, scheme("acmechat")},
		{"linux", true, scheme("acmechat://open?from=lanyard")},
		{"windows", true, scheme("ms-teams")},

		{"linux", false, Program{}},
		{"linux", false, Program{ID: "chat"}},
		{"linux", false, Program{ID: "chat", Path: "/opt/chat", Scheme: "acmechat"}},
		{"linux", false, Program{ID: "", Path: "/opt/chat"}},
		{"linux", false, Program{ID: "chat --evil", Path: "/opt/chat"}},
		{"linux", false, Program{ID: "../chat", Path: "/opt/chat"}},
		{"linux", false, Program{ID: "Chat", Path: "/opt/chat"}},
		{"linux", false, file("chat")},
		{"linux", false, file("./chat")},
		{"linux", false, file("~/chat")},
		{"linux", false, file("/")},
		{"linux", false, file("/opt/../bin/sh")},
		{"linux", false, file("/opt//chat")},
		{"linux", false, file("/opt/chat\x00.png")},
		{"linux", false, Program{ID: "chat", Path: "/opt/chat", Args: []string{"a\x00b"}}},
		{"windows", false, file("/opt/chat")},
		{"windows", false, file(`chat.exe`)},
		{"windows", false, file(`\chat.exe`)},
		{"windows", false, file(`C:chat.exe`)},
		{"windows", false, file(`C:\acme\..\Windows\System32\cmd.exe`)},
		{"windows", false, file(`C:\acme\chat.bat`)},
		{"windows", false, file(`C:\acme\chat.cmd`)},
		{"windows", false, file(`C:\acme\chat`)},
		{"windows", false, file(`C:\acme\chat.exe:stream.exe`)},
		{"windows", false, file(`C:\acme\chat.exe" "--evil.exe`)},
		{"windows", false, file(`\\server\share\chat.exe`)},
		{"windows", false, file(`\\?\C:\chat.exe`)},
		{"windows", false, file(`\\.\pipe\chat.exe`)},
		{"windows", false, file(`C:/acme/chat.exe`)},
		{"linux", false, scheme("https")},
		{"linux", false, scheme("https://evil.example/")},
		{"linux", false, scheme("file:///etc/passwd")},
		{"linux", false, scheme("javascript:alert(1)")},
		{"linux", false, scheme("data")},
		{"linux", false, scheme("acmechat:--evil")},
		{"linux", false, scheme("--evil")},
		{"linux", false, scheme("acmechat://x y")},
		{"linux", false, scheme("acmechat://x\"&calc")},
		{"linux", false, scheme("acmechat://x\n")},
		{"linux", false, scheme("c")},
		{"linux", false, scheme("ACME\\chat")},
		{"linux", false, Program{ID: "chat", Scheme: "acmechat", Args: []string{"x"}}},
	} {
		if err := row.p.check(row.system); (err == nil) != row.good {
			t.Errorf("%s: %+v: %v", row.system, row.p, err)
		}
	}
}
