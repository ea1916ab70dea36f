// An example of a vendor's FDC3 app: it follows the customer on its channel and tells which holding is clicked.
// Its holdings are invented from the customer's name.

const INSTRUMENTS = [
  ["Bund 2.6 08/35", "DE0009990002"],
  ["Bobl 2.2 10/30", "DE0009990119"],
  ["OAT 3½ 11/35", "FR0009990039"],
  ["BTP 3.6 10/35", "IT0009990059"],
  ["SPGB 3.2 10/35", "ES0009990070"],
  ["UKT 4½ 03/35", "GB00Z9990093"],
];

function holdingsOf(name) {
  let seed = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7);
  const draw = (most) => (seed = (seed * 137 + 71) % 9973) % most;
  return INSTRUMENTS.filter(() => draw(3) > 0).map(([title, isin]) => ({
    title,
    isin,
    nominal: (1 + draw(40)) * 1_000_000,
    since: `${2020 + draw(6)}-${String(1 + draw(12)).padStart(2, "0")}`,
  }));
}

function show(context) {
  const name = context.name ?? "this customer";
  document.getElementById("client").textContent = `Holdings of ${name}`;
  document.getElementById("hint").textContent = "A click sends the instrument to the desk.";
  document.querySelector("table").hidden = false;
  document.getElementById("rows").replaceChildren(
    ...holdingsOf(name).map((holding) => {
      const row = document.createElement("tr");
      row.tabIndex = 0;
      for (const text of [holding.title, holding.nominal.toLocaleString("en"), holding.since]) {
        row.insertCell().textContent = text;
      }
      const tell = () =>
        window.fdc3.broadcast({ type: "fdc3.instrument", name: holding.title, id: { ISIN: holding.isin } });
      row.addEventListener("click", tell);
      row.addEventListener("keydown", (event) => event.key === "Enter" && tell());
      return row;
    }),
  );
}

async function begin() {
  await window.fdc3.addContextListener("fdc3.organization", show);
  await window.fdc3.addContextListener("fdc3.contact", show);
  document.getElementById("hint").textContent = "A customer on this channel shows what they hold.";
}

if (window.fdc3) begin();
else window.addEventListener("fdc3Ready", begin);
