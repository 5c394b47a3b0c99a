
// A market named in the address is opened; tables are sorted and filtered by the script above.
const openNamed = () => {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named?.matches("details")) {
    named.open = true;
    named.scrollIntoView();
  }
};
addEventListener("hashchange", openNamed);
openNamed();
// On paper every market is open.
addEventListener("beforeprint", () => {
  for (const market of document.querySelectorAll("details.market")) market.open = true;
});
