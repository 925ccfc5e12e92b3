"use strict";
(() => {
  const tip = document.getElementById("tip");
  const show = (event) => {
    const owner = event.target.closest && event.target.closest("[data-tip]");
    tip.classList.toggle("on", Boolean(owner));
    if (!owner) return;
    tip.textContent = owner.dataset.tip;
    const box = tip.getBoundingClientRect();
    const x = Math.min(event.clientX + 14, innerWidth - box.width - 8);
    const below = event.clientY + 18;
    const y = below + box.height > innerHeight ? event.clientY - box.height - 12 : below;
    tip.style.left = Math.max(8, x) + "px";
    tip.style.top = Math.max(8, y) + "px";
  };
  addEventListener("pointermove", show, { passive: true });
  addEventListener("pointerdown", show, { passive: true });
  addEventListener("scroll", () => tip.classList.remove("on"), { passive: true });

  const source = document.getElementById("film-data");
  if (!source) return;
  const film = JSON.parse(source.textContent);
  const canvas = document.getElementById("film");
  const slider = document.getElementById("film-place");
  const button = document.getElementById("film-play");
  const clock = document.getElementById("film-clock");
  const [left, right, low, high] = film.world;
  const last = film.frames.length - 1;
  const pen = canvas.getContext("2d");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const ROLES = { ground: "--soft", body: "--ink", limb: "--blue", joint: "--grey", goal: "--green", accent: "--orange" };
  let colours = {};
  let place = 0;
  let playing = false;
  let before = 0;
  let scale = 1;

  const fit = () => {
    const width = canvas.clientWidth;
    const height = Math.min((width * (high - low)) / (right - left), Math.max(220, Math.min(380, innerHeight * 0.6)));
    const dense = devicePixelRatio || 1;
    canvas.style.height = height + "px";
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    scale = Math.min(canvas.width / (right - left), canvas.height / (high - low));
    for (const role in ROLES) colours[role] = colour(ROLES[role]);
    draw();
  };
  const X = (x) => canvas.width / 2 + (x - (left + right) / 2) * scale;
  const Y = (y) => canvas.height / 2 - (y - (low + high) / 2) * scale;
  const stroke = (points, width, role) => {
    pen.strokeStyle = colours[role] || colours.body;
    pen.lineWidth = Math.max(1, width * scale);
    pen.lineCap = role === "body" ? "butt" : "round";
    pen.lineJoin = "round";
    pen.beginPath();
    points.forEach(([x, y], i) => (i ? pen.lineTo(X(x), Y(y)) : pen.moveTo(X(x), Y(y))));
    pen.stroke();
  };
  const draw = () => {
    const frame = Math.min(Math.floor(place), last);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    for (const shape of film.frames[frame]) {
      if (shape[0] === "line") stroke([[shape[1], shape[2]], [shape[3], shape[4]]], shape[5], shape[6]);
      else if (shape[0] === "polyline") stroke(shape[1], shape[2], shape[3]);
      else if (shape[0] === "circle") {
        pen.fillStyle = colours[shape[4]] || colours.body;
        pen.beginPath();
        pen.arc(X(shape[1]), Y(shape[2]), Math.max(1, shape[3] * scale), 0, 7);
        pen.fill();
      }
    }
    slider.value = frame;
    clock.textContent = (frame * film.dt).toFixed(2) + " s";
    bars.forEach((set) => set(frame));
  };

  // One scale for all terms, so that their bars can be compared.
  const paid = film.terms.flatMap((term) => term.values);
  const range = [Math.min(0, ...paid), Math.max(0, ...paid)];
  const meter = (name, paint, values, [bottom, top], digits) => {
    const span = top - bottom || 1;
    const box = document.createElement("div");
    box.className = "meter";
    box.innerHTML = "<div><span></span><output></output></div><div class='track'><i></i><u></u></div>";
    box.querySelector("span").textContent = name;
    const fill = box.querySelector("i");
    const said = box.querySelector("output");
    const zero = (-bottom / span) * 100;
    fill.style.background = `var(${paint})`;
    box.querySelector("u").style.left = `calc(${zero}% - .5px)`;
    document.getElementById("film-bars").append(box);
    return (frame) => {
      const value = values[Math.min(frame, values.length - 1)] || 0;
      const end = ((value - bottom) / span) * 100;
      fill.style.left = Math.min(zero, end) + "%";
      fill.style.width = Math.abs(end - zero) + "%";
      said.textContent = value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "\u2212");
    };
  };
  const bars = film.terms.map((term) => meter(term.name, term.colour, term.values, range, 2));
  if (film.success.length) bars.push(meter("success signal", "--green", film.success, [0, 1], 0));

  const play = (on) => {
    playing = on;
    button.textContent = on ? "Pause" : "Play";
    button.setAttribute("aria-pressed", String(on));
    if (on) {
      if (place >= last) place = 0;
      before = performance.now();
      requestAnimationFrame(tick);
    }
  };
  const tick = (now) => {
    if (!playing) return;
    place += (now - before) / 1000 / film.dt;
    before = now;
    if (place >= last + 30) place = 0;
    draw();
    requestAnimationFrame(tick);
  };
  button.addEventListener("click", () => play(!playing));
  slider.addEventListener("input", () => {
    play(false);
    place = Number(slider.value);
    draw();
  });
  addEventListener("resize", fit);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fit);
  fit();
  let seen = false;
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches && "IntersectionObserver" in window) {
    new IntersectionObserver((entries) => {
      const visible = entries.some((entry) => entry.isIntersecting);
      if (visible && !seen) play((seen = true));
      else if (!visible && playing) play(false);
    }, { threshold: 0.4 }).observe(canvas);
  }
})();
