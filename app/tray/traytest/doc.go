// Package traytest is for tests alone: a tray as a panel sees it on the session bus. It
// reads icon, tooltip and menu (StatusNotifierItem, com.canonical.dbusmenu) and clicks
// rows; it knows nothing of who shows them. Tests of app/tray use it with a watcher of
// their own, those of the whole product beside a real panel.
package traytest
