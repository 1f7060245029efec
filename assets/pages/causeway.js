// For every page. Nothing here is needed to read one.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const language = document.documentElement.lang;
const words = document.body.dataset;
const root = words.root;

// Copy buttons say what they did, to ears too; without a clipboard the text is selected instead.
const status = document.createElement("p");
status.className = "vh";
status.role = "status";
document.body.append(status);
for (const button of all("[data-copy]")) {
  button.hidden = false;
  const before = button.textContent;
  button.addEventListener("click", () => {
    const code = button.parentElement.querySelector("code");
    const say = (text) => {
      button.textContent = status.textContent = text;
      setTimeout(() => {
        button.textContent = before;
        status.textContent = "";
      }, 1600);
    };
    const select = () => {
      getSelection().selectAllChildren(code);
      say(words.copyByHand);
    };
    if (navigator.clipboard) navigator.clipboard.writeText(code.textContent.trim()).then(() => say(words.copied), select);
    else select();
  });
}

// Language links keep the place on the page.
for (const link of all("[data-keep]")) {
  link.addEventListener("click", () => (link.hash = location.hash));
}

// Tabs: without scripts every panel is open; with them one is.
for (const list of all("[data-tabs]")) {
  const tabs = all("[role=tab]", list);
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  const pick = (picked, focus) => {
    for (const tab of tabs) {
      const on = tab === picked;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      panel(tab).hidden = !on;
    }
    if (focus) picked.focus();
  };
  list.hidden = false;
  for (const tab of tabs) panel(tab).querySelector("h3")?.classList.add("vh");
  pick(tabs[0], false);
  list.addEventListener("click", (event) => event.target.role === "tab" && pick(event.target, true));
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    pick(tabs[(to + tabs.length) % tabs.length], true);
  });
}

// Search as you type: arrows move, Enter opens, Esc closes. Silent while an input method composes.
const box = document.querySelector("[role=combobox]");
const list = document.getElementById("suggestions");
if (box && list) {
  let at = -1;
  let timer;
  let asked = 0;
  const close = () => {
    list.hidden = true;
    at = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const marked = (text, part) => {
    const span = document.createElement("span");
    const place = text.toLowerCase().indexOf(part.toLowerCase());
    if (place < 0) {
      span.textContent = text;
      return span;
    }
    const mark = document.createElement("mark");
    mark.textContent = text.slice(place, place + part.length);
    span.append(text.slice(0, place), mark, text.slice(place + part.length));
    return span;
  };
  // A layer opens its page, a place the map. A page may do something else with a row.
  const open = ({ row }) => {
    close();
    if (!list.dispatchEvent(new CustomEvent("pick", { cancelable: true, detail: row }))) return;
    const [path, hash] = row.kind === "place" ? row.map.split("#") : [`/collections/${row.id}?f=html`];
    location.href = `${root}${path}&lang=${language}${hash ? `#${hash}` : ""}`;
  };
  const show = (rows, typed) => {
    list.replaceChildren();
    rows.forEach((row, number) => {
      const item = document.createElement("li");
      const by = document.createElement("small");
      item.role = "option";
      item.id = `suggestion-${number}`;
      by.textContent = row.kind === "place" ? row.layerTitle : row.department;
      item.append(marked(row.title, typed), by);
      item.dataset.kind = row.kind;
      item.row = row;
      item.addEventListener("mousedown", () => open(item));
      list.append(item);
    });
    list.hidden = rows.length === 0;
    at = -1;
    box.setAttribute("aria-expanded", String(!list.hidden));
  };
  box.addEventListener("input", (event) => {
    clearTimeout(timer);
    const typed = box.value.trim();
    if (event.isComposing) return;
    if (!typed) return close();
    timer = setTimeout(async () => {
      const mine = ++asked;
      const answer = await fetch(`${root}/suggest?q=${encodeURIComponent(typed)}&lang=${language}`);
      if (mine === asked && answer.ok) show(await answer.json(), typed);
    }, 150);
  });
  box.addEventListener("compositionend", () => box.dispatchEvent(new Event("input")));
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const count = list.children.length;
    if (event.key === "Escape") return close();
    if (list.hidden || !count) return;
    if (event.key === "ArrowDown") at = (at + 1) % count;
    else if (event.key === "ArrowUp") at = (at <= 0 ? count : at) - 1;
    else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      open(list.children[at]);
      return;
    } else return;
    event.preventDefault();
    all("li", list).forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
    box.setAttribute("aria-activedescendant", `suggestion-${at}`);
  });
  box.addEventListener("blur", close);
}

// The map comes after the page, and only when it is near. Its style sheet is not the page's.
const map = document.getElementById("map");
if (map) {
  const load = () => {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = map.dataset.css;
    document.head.prepend(sheet);
    import(map.dataset.module);
  };
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    if (document.readyState === "complete") load();
    else addEventListener("load", load);
  }, { rootMargin: "400px" });
  watcher.observe(map);
}

// The page to try the API: shows the address as it is put together, and the answer below it.
const form = document.querySelector("[data-try]");
if (form) {
  const shown = document.getElementById("address");
  const open = document.getElementById("open");
  const answer = document.getElementById("answer");
  const names = document.getElementById("field-names");
  const address = () => {
    const data = new FormData(form);
    const query = new URLSearchParams();
    for (const name of ["bbox", "datetime"]) if (data.get(name)) query.set(name, data.get(name));
    if (data.get("field") && data.get("value")) query.set(data.get("field"), data.get("value"));
    if (data.get("limit")) query.set("limit", data.get("limit"));
    const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
    return `${form.dataset.base}/collections/${data.get("layer")}/items${text ? `?${text}` : ""}`;
  };
  const update = () => (shown.textContent = open.href = address());
  const listFields = async () => {
    const schema = await fetch(`${root}/collections/${form.elements.layer.value}/queryables?f=json&lang=${language}`);
    if (!schema.ok) return;
    const fields = Object.entries((await schema.json()).properties);
    names.replaceChildren(...fields.filter(([, about]) => about.type).map(([name, about]) => new Option(about.title, name)));
  };
  form.addEventListener("input", update);
  form.elements.layer.addEventListener("change", listFields);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const say = (line, text) => {
      answer.hidden = false;
      answer.querySelector("[role=status]").textContent = line;
      answer.querySelector("code").textContent = text;
      answer.querySelector("pre").hidden = !text;
    };
    const most = 20000;
    try {
      const response = await fetch(address(), { headers: { accept: "application/geo+json" } });
      const text = JSON.stringify(await response.json(), null, 1);
      say(`${response.status} ${response.statusText}`, text.length > most ? `${text.slice(0, most)}\n…` : text);
    } catch {
      say(form.dataset.failed, "");
    }
  });
  update();
  listFields();
}
