// Charts of the last 15 minutes, as SVG with a text alternative.

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 300, HEIGHT = 90;

/** A number for people: 12,345 as 12.3k. */
export function short(number) {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(number) >= size) return (number / size).toFixed(number < 10 * size ? 1 : 0) + unit;
  }
  return String(Math.round(number * 10) / 10);
}

export const bytes = number => short(number).replace(/[a-zA-Z]?$/, " $&B");

/** Microseconds for people. */
export function micros(number) {
  return number < 1000 ? Math.round(number) + " µs" : number < 1e6 ? short(number / 1000) + " ms" : short(number / 1e6) + " s";
}

export const clock = millis => new Date(millis).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function element(name, parent, attributes = {}) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

/**
 * A chart: a figure with a heading, the values of now, and a line for each of some lists of numbers.
 * `lines` are [key, name] pairs; `format` writes a number.
 */
export class Chart {
  constructor(parent, title, lines, format) {
    this.title = title;
    this.lines = lines;
    this.format = format;
    this.figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.append(title + " ");
    this.now = lines.map(([, name], i) => {
      const value = document.createElement("span");
      value.className = "line" + i;
      value.dataset.name = name;
      caption.append(value);
      return value;
    });
    this.svg = document.createElementNS(NS, "svg");
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("role", "img");
    this.grid = element("path", this.svg, { class: "grid", d: `M0 1H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 1}H${WIDTH}` });
    this.paths = lines.map((_, i) => element("path", this.svg, { class: "line" + i }));
    this.scale = document.createElement("p");
    this.figure.append(caption, this.svg, this.scale);
    parent.append(this.figure);
  }

  /** Draws samples: lists of numbers by key, with the times in `at`. */
  draw(samples) {
    const { at } = samples;
    const most = Math.max(1e-9, ...this.lines.map(([key]) => Math.max(0, ...samples[key])));
    const last = at.at(-1) ?? Date.now();
    const span = Math.min(900_000, Math.max(60_000, last - (at[0] ?? last)));
    const x = i => WIDTH * (1 - (last - at[i]) / span);
    const y = value => HEIGHT - 2 - (HEIGHT - 4) * value / most;
    const words = [];
    this.lines.forEach(([key, name], i) => {
      const values = samples[key];
      this.paths[i].setAttribute("d", values.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join(""));
      const now = this.format(values.at(-1) ?? 0);
      this.now[i].textContent = `${name} ${now}`;
      words.push(`${name}: now ${now}, at most ${this.format(Math.max(0, ...values))}, at least ${this.format(values.length ? Math.min(...values) : 0)}`);
    });
    this.scale.textContent = `0 – ${this.format(most < 1e-8 ? 0 : most)}, from ${clock(at[0] ?? last)} to ${clock(last)}`;
    this.svg.setAttribute("aria-label", `${this.title} in the last 15 minutes. ${words.join(". ")}.`);
  }
}
