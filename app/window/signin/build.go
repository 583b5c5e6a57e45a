package signin

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/app/window/theme"
	"lanyard/auth/words"
)

// build draws a view.
func (s *Screen) build(v view) built {
	draw := map[step]func(view) built{
		enter: s.buildEnter, welcome: s.buildWelcome, again: s.buildAgain, locked: s.buildLocked,
		looking: s.buildMoment, finishing: s.buildMoment, card: s.buildCard, waiting: s.buildWaiting, phone: s.buildPhone,
		failed: s.buildFailed, done: s.buildDone,
	}
	return draw[v.step](v)
}

// page is the screen with these objects, and the notice below them.
func page(v view, objects ...fyne.CanvasObject) fyne.CanvasObject {
	if v.notice != "" {
		objects = append(objects, theme.Alarm(v.notice))
	}
	return theme.Page(objects...)
}

// buildEnter asks for the company code.
func (s *Screen) buildEnter(v view) built {
	s.code.SetText(s.memory.typed)
	s.code.CursorColumn = len([]rune(s.memory.typed))
	main := window.NewMainButton(s.h.T("signin.continue"), func() { s.useCode(s.code.Text) })
	objects := []fyne.CanvasObject{
		badge(), theme.Title(s.h.T("signin.title")), theme.Soft(s.h.T("signin.prompt")), s.code,
	}
	if v.problem != nil {
		objects = append(objects, theme.Alarm(v.problem.Sentence))
		if v.suggestion == "" {
			objects = append(objects, theme.Soft(v.problem.Hint))
		}
	}
	if v.suggestion != "" {
		objects = append(objects, theme.Row(window.NewButton(
			s.h.T("signin.use", "code", v.suggestion), func() { s.useCode(v.suggestion) })))
	}
	objects = append(objects, theme.Gap(), main, theme.Small(s.h.T("signin.no_code")))
	b := built{content: page(v, objects...), main: main}
	if s.state.Profile("") != nil || s.state.ManagedBy != "" {
		b.back = func() { s.memory.other, s.memory.problem = false, nil; s.draw() }
	}
	return b
}

// buildWelcome is the first screen of a computer that was set up for its company.
func (s *Screen) buildWelcome(v view) built {
	main := window.NewMainButton(s.h.T("signin.sign_in"), func() { s.signIn(local.SignInRequest{}) })
	return built{main: main, content: page(
		v, badge(), theme.Title(s.h.T("signin.welcome")), theme.Soft(s.h.T("signin.promise")), theme.Gap(), main,
		theme.Row(s.other()), theme.Small(s.h.T("managed", "who", v.managed)),
	)}
}

// buildAgain offers the account that is known here.
func (s *Screen) buildAgain(v view) built {
	main := window.NewMainButton(s.h.T("signin.sign_in"), func() { s.signIn(local.SignInRequest{Profile: v.profile}) })
	return built{main: main, content: page(
		v, logo(v), theme.Title(s.h.T("signin.again", "company", v.company)),
		theme.Soft(s.h.T("signin.as", "name", v.person)), theme.Gap(), main, theme.Row(s.other()),
	)}
}

// buildLocked waits for the password store.
func (s *Screen) buildLocked(v view) built {
	p := words.ExplainFault("keyring_locked", nil, s.h.Lang)
	main := window.NewMainButton(s.h.T("again"), s.unlock)
	return built{main: main, content: page(v, logo(v), theme.Title(p.Title), theme.Soft(p.Sentence), theme.Gap(), main)}
}

// other is for whoever has more than one company.
func (s *Screen) other() *window.Button {
	return window.NewQuietButton(s.h.T("signin.other"), func() { s.memory.other = true; s.draw() })
}

// buildMoment is what is over in a moment, mostly.
func (s *Screen) buildMoment(v view) built {
	title := s.h.T("signin.looking")
	if v.company != "" {
		title = s.h.T("signin.opening")
	}
	objects := []fyne.CanvasObject{logo(v), theme.Title(title), theme.Progress()}
	b := built{back: s.cancel}
	if v.step == finishing {
		objects[1] = theme.Title(s.h.T("signin.finishing"))
		b.back = nil
	} else {
		objects = append(objects, theme.Row(window.NewButton(words.T(s.h.Lang, "common.cancel"), s.cancel)))
	}
	b.content = page(v, objects...)
	return b
}

// buildCard shows the company and the host that will open.
func (s *Screen) buildCard(v view) built {
	t := func(key string, facts ...string) string { return words.T(s.h.Lang, "card."+key, facts...) }
	main := window.NewMainButton(s.h.T("card.open"), s.confirm)
	main.Disable()
	s.after(readFirst, main.Enable)

	facts := []fyne.CanvasObject{theme.Soft(t("page")), theme.Strong(v.host)}
	if v.via != "" {
		facts = append(facts, theme.Small(t("via", "company", v.company, "host", v.via)))
	}
	objects := []fyne.CanvasObject{
		logo(v), theme.Title(v.company),
		theme.Card(container.New(theme.Column{Width: 372, Top: true}, facts...)),
	}
	if v.doubt != "" {
		objects = append(objects, theme.Alarm(t("unconfirmed", "domain", v.doubt)))
	}
	note := theme.Small(t("shared_note"))
	note.Hidden = !s.memory.shared
	shared := widget.NewCheck(t("shared"), nil)
	shared.Checked = s.memory.shared
	shared.OnChanged = func(yes bool) {
		s.memory.shared, note.Hidden = yes, !yes
		s.content.Refresh()
	}
	objects = append(
		objects, theme.Soft(t("stop")), container.NewCenter(shared), note, main,
		theme.Row(window.NewButton(words.T(s.h.Lang, "common.back"), s.cancel)),
	)
	return built{content: page(v, objects...), main: main, back: s.cancel}
}

// buildWaiting waits for the browser.
func (s *Screen) buildWaiting(v view) built {
	objects := []fyne.CanvasObject{
		logo(v), theme.Title(s.h.T("waiting.title")), theme.Soft(s.h.T("waiting.sentence", "host", v.host)),
		theme.Progress(),
	}
	buttons := []fyne.CanvasObject{s.copier("waiting.copy", v.link), window.NewButton(s.h.T("waiting.reopen"), s.reopen)}
	if v.byPhone {
		buttons = append(buttons, window.NewButton(s.h.T("waiting.phone"), s.useDevice))
	}
	buttons = append(buttons, window.NewButton(words.T(s.h.Lang, "common.cancel"), s.cancel))
	return built{content: page(v, append(append(objects, theme.Row(buttons...)), s.stuck(v)...)...)}
}

// copier is a button that copies a text and says so.
func (s *Screen) copier(label, text string) *window.Button {
	b := window.NewButton(s.h.T(label), nil)
	b.OnTapped = func() {
		s.h.Copy(text)
		b.SetText(s.h.T("waiting.copied"))
		s.after(copiedFor, func() { b.SetText(s.h.T(label)) })
	}
	return b
}

// stuck says whom to ask, once waiting takes long.
func (s *Screen) stuck(v view) []fyne.CanvasObject {
	if v.stuck {
		return []fyne.CanvasObject{theme.Body(words.T(s.h.Lang, "help.stuck", "help", v.help, "reference", v.reference))}
	}
	s.after(stuckAfter, func() { s.memory.stuck = true; s.draw() })
	return nil
}

// buildFailed says what happened, what to do, and what to tell IT.
func (s *Screen) buildFailed(v view) built {
	main := window.NewMainButton(s.h.T("again"), func() { s.retry(false) })
	if v.switchable {
		main = window.NewMainButton(words.T(s.h.Lang, "page.switch"), func() { s.retry(true) })
	}
	reference := theme.Small(words.T(s.h.Lang, "common.reference", "reference", v.reference))
	reference.Selectable = true
	return built{main: main, back: s.leave, content: page(
		v, logo(v), theme.Title(v.problem.Title), theme.Body(v.problem.Sentence), theme.Soft(v.problem.Hint), theme.Gap(), main,
		theme.Row(window.NewButton(words.T(s.h.Lang, "common.back"), s.leave)), reference,
	)}
}

// buildDone says who is signed in, and opens the apps.
func (s *Screen) buildDone(v view) built {
	main := window.NewMainButton(s.h.T("done.apps"), func() { s.h.Go("apps") })
	if v.all > maxDone {
		main.SetText(s.h.T("done.all", "count", strconv.Itoa(v.all)))
	}
	objects := []fyne.CanvasObject{
		logo(v), theme.Title(words.T(s.h.Lang, "page.signed_in", "name", v.person)), theme.Soft(v.company),
	}
	if v.problem != nil {
		objects = append(objects, theme.Alarm(v.problem.Sentence))
	}
	switch {
	case v.shared:
		objects = append(objects, theme.Body(words.T(s.h.Lang, "page.shared")))
	case v.notKept:
		objects = append(objects, theme.Body(words.T(s.h.Lang, "page.not_kept")))
	}
	if len(v.apps) > 0 {
		objects = append(objects, container.NewCenter(s.row(v.apps)))
	}
	objects = append(objects, theme.Gap(), main, theme.Row(window.NewButton(s.h.T("close"), s.h.Window.Close)), theme.Small(s.h.T("done.hint")))
	return built{content: page(v, objects...), main: main}
}

// row is the first apps, up to three beside each other.
func (s *Screen) row(apps []app) fyne.CanvasObject {
	grid := container.NewGridWithColumns(min(3, len(apps)))
	for _, a := range apps {
		tile := s.h.NewAppTile(func() { s.open(a.id) })
		tile.Set(a.id, a.title, a.icon, false)
		grid.Add(tile)
	}
	return grid
}

// badge is the product's own picture.
func badge() fyne.CanvasObject {
	picture := canvas.NewImageFromResource(theme.Icon)
	picture.FillMode = canvas.ImageFillContain
	picture.SetMinSize(fyne.NewSquareSize(72))
	return picture
}

// logo is the company's picture, the badge where no company is known yet.
func logo(v view) fyne.CanvasObject {
	if v.company == "" {
		return badge()
	}
	img, err := theme.DecodeURI(v.logo)
	if err != nil {
		img = nil // its initial stands for it
	}
	tile := theme.NewTile(64)
	tile.Show(img, v.company, v.key)
	return container.NewCenter(tile.Container)
}
