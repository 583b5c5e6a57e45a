package demo

import (
	"context"
	"slices"
	"time"
)

// The pretend company. Cloudberries are real, the company is not.
const (
	Company   = "Cloudberry"
	CompanyZH = "云莓科技"
)

// The SSO's only client, as the interface's own description prints it.
const (
	ClientID     = "c1ebe466-1cdc-4bd3-ab69-77c3561b9dee"
	ClientSecret = "d8346ea2-6017-43ed-ad68-19c0f971738b" //nolint:gosec // published, and of no value
)

// Password is every demo account's; the sign-in page shows it.
const Password = "lanyard"

// Account is one person of the pretend company.
type Account struct {
	Username string
	Name     string
	UnionID  string
}

var accounts = []Account{
	{Username: "zhangsan", Name: "张三", UnionID: "ZhangSan"},
	{Username: "lisi", Name: "李四", UnionID: "LiSi"},
}

// find returns the account of a username.
func find(username string) (Account, bool) {
	i := slices.IndexFunc(accounts, func(a Account) bool { return a.Username == username })
	if i < 0 {
		return Account{}, false
	}
	return accounts[i], true
}

// AppConfig is what one of the company's apps is made of.
type AppConfig struct {
	BaseURL      string // its own origin, without a slash at the end
	Issuer       string // the OpenID provider that it trusts
	ClientID     string
	ClientSecret string
	// Start is where people open the app: its access link at the company's server. Only an
	// app needs it that cannot ask who somebody is by itself.
	Start string
	// Stopwatch says how long ago the person, by the name that the app knows them by,
	// clicked the app, once for each click. It is the demonstrator's and no part of an
	// app, which cannot know; nil: nobody measures.
	Stopwatch func(ctx context.Context, person string) (time.Duration, bool)
}

// visitor is who is signed in to an app.
type visitor struct {
	ID    string // as the server names them
	Name  string
	Facts []fact // what else the app was told
}

// fact is one line of an app's page; Label is a key of the words.
type fact struct{ Label, Value string }

// title is how the app calls them.
func (v visitor) title() string {
	if v.Name == "" {
		return v.ID
	}
	return v.Name
}
