for (const b of document.querySelectorAll("[data-copy]")) {
  b.hidden = false;
  b.addEventListener("click", async () => {
    const from = document.getElementById(b.dataset.copy);
    try {
      await navigator.clipboard.writeText(from.innerText.trim());
    } catch {
      getSelection().selectAllChildren(from);
      document.execCommand("copy");
    }
    b.textContent = b.dataset.copied;
  });
}
for (const t of document.querySelectorAll("time[datetime]")) {
  t.textContent = new Date(t.dateTime).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
}
for (const zone of document.querySelectorAll("[data-zone]")) zone.value = -new Date().getTimezoneOffset();
for (const tree of document.querySelectorAll(".tree")) {
  const wanted = [...tree.querySelectorAll("[data-result]")];
  let now = 0;
  const show = () => wanted.forEach((w, i) => w.classList.toggle("now", i === now));
  show();
  wanted.forEach((w, i) => w.addEventListener("click", () => { now = i; show(); }));
  for (const value of tree.querySelectorAll("[data-path]")) {
    value.addEventListener("click", () => {
      const name = wanted[now].dataset.result;
      for (const radio of tree.querySelectorAll("input[type=radio]")) {
        if (radio.name === name && radio.value === value.dataset.path) radio.checked = true;
      }
      now = Math.min(now + 1, wanted.length - 1);
      show();
    });
  }
}
