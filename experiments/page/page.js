// The page is complete without this: it adds a search, and shows a claim that a link leads to although it is filtered out.
const find = document.getElementById("find"), all = document.getElementById("show-all");
const items = [...document.querySelectorAll("tbody[id]")], groups = [...document.querySelectorAll("tbody.group")];
const search = () => {
  const words = find.value.toLowerCase().split(/\s+/);
  for (const item of items) item.hidden = !words.every(word => item.textContent.toLowerCase().includes(word));
  for (const group of groups) group.hidden = find.value.trim() !== "";
};
const follow = () => {
  const item = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (items.includes(item)) { all.checked = true; find.value = ""; search(); item.scrollIntoView(); }
};
find.hidden = false;
find.form.addEventListener("submit", event => event.preventDefault());
find.addEventListener("input", search);
addEventListener("hashchange", follow);
follow();
