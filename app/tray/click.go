package tray

import (
	"context"

	"lanyard/app/local"
)

// do asks the agent for what a click wishes. The environment says on which display the
// icon was clicked.
func do(ctx context.Context, svc local.Service, env local.Env, lang string, wish Action) error {
	ctx = local.WithLang(ctx, lang)
	var err error
	switch wish.Verb {
	case SignIn:
		_, err = svc.SignIn(ctx, local.SignInRequest{Profile: wish.Profile, Open: true, Lang: lang, Env: env})
	case Cancel:
		err = svc.Cancel(ctx, wish.Name)
	case Open:
		_, err = svc.Launch(ctx, local.LaunchRequest{App: wish.Name, Profile: wish.Profile, Lang: lang, Env: env})
	case Report:
		err = svc.Asked(ctx, wish.Name, wish.Profile)
	case OpenWindow:
		err = svc.Window(ctx, wish.Name, env)
	case Retry:
		_, err = svc.State(ctx)
	case Devices:
		err = svc.Devices(ctx, wish.Profile, env)
	case Select:
		err = svc.Select(ctx, wish.Profile)
	case SignOut:
		err = svc.SignOut(ctx, local.SignOutRequest{Profile: wish.Profile})
	case Quit:
		err = svc.Quit(ctx, false)
	}
	return err
}
