// What a threshold gives: the measured curve, with a slider on it.
import { html, useEffect, useState } from "../../lib/html.js";
import { Button } from "../../lib/parts.js";

const WIDTH = 260;
const HEIGHT = 110;
const LEFT = 4;
/** False accepts an hour that the drawing has room for: a single one in an hour is few. */
const LEAST = 5;

export function Curve({ word, usual, set, changed }) {
  const [threshold, setThreshold] = useState(word.threshold);
  useEffect(() => setThreshold(word.threshold), [word.threshold]);
  const curve = word.curve;
  const most = curve ? Math.max(LEAST, ...curve.points.map((point) => point.false_accepts_per_hour)) : LEAST;
  return html`<div class="stack">
    ${curve && html`<${Drawing} curve=${curve} threshold=${threshold} most=${most} phrase=${word.phrase} />`}
    <label for=${`threshold-${word.word}`}>Threshold <span class="number">${threshold.toFixed(2)}</span></label>
    <input id=${`threshold-${word.word}`} type="range" min="0.02" max="0.99" step="0.01" value=${threshold}
      aria-valuetext=${`${threshold.toFixed(2)}: ${curve ? told(curve, threshold) : ""}`}
      onInput=${(event) => setThreshold(Number(event.target.value))} onChange=${(event) => set(Number(event.target.value))} />
    <p class="soft">${curve ? told(curve, threshold) : word.own ? "Nothing was measured of it: train it anew to get its curve." : "Its curve was not measured yet."}</p>
    ${changed && html`<div class="row"><${Button} kind="quiet" run=${() => set(null)}>Back to the usual${usual === undefined ? "" : ` ${usual.toFixed(2)}`}<//></div>`}
    ${curve && html`<p class="hint">${basis(word, curve)}</p>`}
  </div>`;
}

/** The point at or below that threshold. */
function at(curve, threshold) {
  return curve.points.findLast((point) => point.threshold <= threshold + 1e-9) ?? curve.points[0];
}

function told(curve, threshold) {
  const { recall, false_accepts_per_hour: wrong } = at(curve, threshold);
  const wakes = recall === null ? "" : `Wakes for ${(recall * 100).toFixed(recall > 0.995 ? 0 : 1)} % of those who say it; `;
  const often = wrong === 0 ? "never by mistake in what was measured" : `by mistake ${wrong.toFixed(1)} times in an hour of other speech`;
  return wakes ? `${wakes}${often}.` : `${often.charAt(0).toUpperCase()}${often.slice(1)}.`;
}

function basis(word, curve) {
  const hours = `${curve.hours.toFixed(2)} h of other speech, chosen for words that sound alike`;
  if (word.own) return `Measured on what training held back: ${curve.clips} examples, mostly of synthetic voices, and ${hours}.`;
  const second = curve.verified ? ", the second model asked" : "";
  if (!curve.clips) return `Measured on ${hours}${second}. There were no recordings of the word, so how many say it in vain isn't known.`;
  return `Measured on ${curve.clips} recordings of many people and ${hours}${second}.`;
}

function Drawing({ curve, threshold, most, phrase }) {
  const x = (value) => LEFT + value * (WIDTH - 2 * LEFT);
  const y = (part) => HEIGHT - 4 - part * (HEIGHT - 12);
  const path = (points) => points.map(([across, up], place) => `${place ? "L" : "M"}${x(across).toFixed(1)} ${y(up).toFixed(1)}`).join(" ");
  const recall = curve.points.filter((point) => point.recall !== null).map((point) => [point.threshold, point.recall]);
  const wrong = curve.points.map((point) => [point.threshold, point.false_accepts_per_hour / most]);
  return html`<figure class="curve">
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${`Curve of “${phrase}” over thresholds. ${told(curve, threshold)}`}>
      <line class="axis" x1=${LEFT} x2=${WIDTH - LEFT} y1=${y(0)} y2=${y(0)} />
      ${recall.length > 0 && html`<path class="recall" d=${path(recall)} />`}
      <path class="wrong" d=${path(wrong)} />
      <line class="now" x1=${x(threshold)} x2=${x(threshold)} y1="4" y2=${y(0)} />
    </svg>
    <figcaption class="hint row">
      ${recall.length > 0 && html`<span class="key recall">wakes when said</span>`}
      <span class="key wrong">by mistake, up to ${most.toFixed(0)} an hour</span>
    </figcaption>
  </figure>`;
}
