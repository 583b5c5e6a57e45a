package demo

import (
	"slices"
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

// Accounts returns the people of the pretend company.
func Accounts() []Account { return slices.Clone(accounts) }

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
}
