/* Checks an artifact in the reader's browser: hashes, Merkle path and signatures are all computed here with WebCrypto. */
(function () {
  "use strict";
  var LIMIT = 512 * 1024 * 1024;
  var subtle = window.crypto && window.crypto.subtle;

  function hex(bytes) { return Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join(""); }
  function base64(text) { return Uint8Array.from(atob(text), function (mark) { return mark.charCodeAt(0); }); }
  function utf8(text) { return new TextEncoder().encode(text); }
  function text(bytes) { return new TextDecoder("utf-8", { fatal: true }).decode(bytes); }
  function join() {
    var parts = Array.from(arguments), out = new Uint8Array(parts.reduce(function (size, part) { return size + part.length; }, 0)), at = 0;
    parts.forEach(function (part) { out.set(part, at); at += part.length; });
    return out;
  }
  function same(left, right) { return left.length === right.length && left.every(function (byte, place) { return byte === right[place]; }); }
  async function sha256(bytes) { return new Uint8Array(await subtle.digest("SHA-256", bytes)); }
  function leafHash(leaf) { return sha256(join(new Uint8Array([0]), leaf)); }
  function nodeHash(left, right) { return sha256(join(new Uint8Array([1]), left, right)); }
  function demand(holds, reason) { if (!holds) { throw new Error(reason); } }

  /* Pre-authentication encoding of DSSE: what was really signed. */
  function pae(type, payload) { var kind = utf8(type); return join(utf8("DSSEv1 " + kind.length + " "), kind, utf8(" " + payload.length + " "), payload); }

  /* RFC 9162 2.1.3.2, with integers beyond 32 bits kept exact. */
  async function climb(leaf, index, size, path) {
    var node = BigInt(index), last = BigInt(size) - 1n, value = leaf;
    demand(node >= 0n && node <= last, "the entry lies outside the log");
    for (var sibling of path) {
      demand(last !== 0n, "the path is too long");
      if ((node & 1n) === 1n || node === last) {
        value = await nodeHash(sibling, value);
        while (node !== 0n && (node & 1n) === 0n) { node >>= 1n; last >>= 1n; }
      } else { value = await nodeHash(value, sibling); }
      node >>= 1n; last >>= 1n;
    }
    demand(last === 0n, "the path is too short");
    return value;
  }

  /* WebCrypto wants r and s as 32 bytes each; DSSE carries them in DER. */
  function rawSignature(der) {
    function number(at) {
      demand(der[at] === 2, "the signature is not DER");
      var part = der.slice(at + 2, at + 2 + der[at + 1]);
      while (part.length > 32 && part[0] === 0) { part = part.slice(1); }
      demand(part.length <= 32, "a number of the signature is too long");
      return { value: join(new Uint8Array(32 - part.length), part), end: at + 2 + der[at + 1] };
    }
    demand(der[0] === 48 && der[1] === der.length - 2, "the signature is not DER");
    var r = number(2), s = number(r.end);
    demand(s.end === der.length, "bytes follow the signature");
    return join(r.value, s.value);
  }

  function parseNote(note) {
    var cut = note.lastIndexOf("\n\n"), body = note.slice(0, cut + 1), lines = body.split("\n"), signed = note.slice(cut + 2).trimEnd().split(" ");
    demand(cut > 0 && lines.length === 4 && signed.length === 3, "the checkpoint is not a signed note of three lines");
    return { body: body, origin: lines[0], size: lines[1], root: base64(lines[2]), signature: base64(signed[2]), signer: signed[1] };
  }

  async function get(address, what) {
    var answer = await fetch(address, { credentials: "same-origin", cache: "no-store" });
    demand(answer.ok, "the server did not give the " + what + " (status " + answer.status + ")");
    return answer;
  }

  /* Each step: a sentence, and a function that throws with the reason when it does not hold; "skip: ..." says what could not be checked. */
  function stepsOf(box) {
    var facts = {};
    return [
      ["Fetch the file and its proof", async function () {
        demand(Number(box.dataset.size) <= LIMIT, "the file is too large for a browser; download it and use sha256sum");
        facts.bytes = new Uint8Array(await (await get(box.dataset.bytes, "file")).arrayBuffer());
        facts.proof = await (await get(box.dataset.proof, "proof")).json();
        facts.envelope = facts.proof.bundle.dsseEnvelope;
        facts.entry = facts.proof.bundle.verificationMaterial.tlogEntries[0];
        return facts.bytes.length + " bytes";
      }],
      ["The file's SHA-256 is the one on this page", async function () {
        facts.digest = hex(await sha256(facts.bytes));
        demand(facts.digest === box.dataset.sha256, "the bytes hash to " + facts.digest);
        return "sha256:" + facts.digest;
      }],
      ["The signed statement names this digest", async function () {
        facts.payload = base64(facts.envelope.payload);
        facts.statement = JSON.parse(text(facts.payload));
        var named = facts.statement.subject.some(function (row) { return row.digest.sha256 === facts.digest; });
        demand(named, "the statement is about other files");
        return facts.statement.predicateType;
      }],
      ["The statement is signed by a key of this installation (ECDSA P-256)", async function () {
        var keys = facts.proof.trustedRoot.statements, signature = facts.envelope.signatures[0];
        var key = keys.find(function (row) { return row.keyid === signature.keyid; });
        demand(facts.envelope.signatures.length === 1 && key, "the key is not among this installation's keys");
        facts.spki = base64(key.spki);
        demand(hex(await sha256(facts.spki)) === signature.keyid, "the key does not carry its own name");
        facts.pae = pae(facts.envelope.payloadType, facts.payload);
        var known = await subtle.importKey("spki", facts.spki, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
        var good = await subtle.verify({ name: "ECDSA", hash: "SHA-256" }, known, rawSignature(base64(signature.sig)), facts.pae);
        demand(good, "the signature does not match the statement");
        return "key " + signature.keyid.slice(0, 16) + "…";
      }],
      ["The log entry is about exactly this signed statement", async function () {
        facts.leaf = base64(facts.entry.canonicalizedBody);
        var body = JSON.parse(text(facts.leaf)).spec.hashedRekordV002;
        demand(body.data.digest === btoa(String.fromCharCode.apply(null, await sha256(facts.pae))), "the entry commits to another statement");
        demand(body.signature.content === facts.envelope.signatures[0].sig, "the entry carries another signature");
        demand(same(base64(body.signature.verifier.publicKey.rawBytes), facts.spki), "the entry names another key");
        return "entry " + facts.entry.logIndex;
      }],
      ["The entry's path leads to a root (RFC 6962)", async function () {
        var proof = facts.entry.inclusionProof;
        demand(proof.logIndex === facts.entry.logIndex, "path and entry have different numbers");
        facts.root = await climb(await leafHash(facts.leaf), proof.logIndex, proof.treeSize, proof.hashes.map(base64));
        return proof.hashes.length + " hashes to " + hex(facts.root).slice(0, 16) + "…";
      }],
      ["That root is the one in the checkpoint", async function () {
        facts.note = parseNote(facts.entry.inclusionProof.checkpoint.envelope);
        demand(facts.note.size === facts.entry.inclusionProof.treeSize, "the checkpoint counts other entries");
        demand(same(facts.note.root, facts.root), "the path leads to another root than the checkpoint's");
        return facts.note.size + " entries";
      }],
      ["The checkpoint is signed by the log's key (Ed25519)", async function () {
        var log = facts.proof.trustedRoot.logs.find(function (row) { return row.origin === facts.note.origin; });
        demand(log && facts.note.signer === facts.note.origin, "the checkpoint is of another log");
        var parts = log.vkey.split("+"), key = base64(parts.slice(2).join("+")), id = await sha256(join(utf8(facts.note.origin + "\n"), key));
        demand(key[0] === 1 && key.length === 33, "the log's key is not Ed25519");
        demand(hex(id.slice(0, 4)) === hex(facts.note.signature.slice(0, 4)), "the checkpoint is signed by another key");
        var known;
        try { known = await subtle.importKey("raw", key.slice(1), { name: "Ed25519" }, false, ["verify"]); } catch (error) { return "skip: this browser does not know Ed25519, so this signature was not checked"; }
        demand(await subtle.verify({ name: "Ed25519" }, known, facts.note.signature.slice(4), utf8(facts.note.body)), "the signature does not match the checkpoint");
        return facts.note.origin;
      }]
    ];
  }

  function line(list, title) {
    var row = document.createElement("li"), note = document.createElement("span");
    row.className = "verify-run"; row.textContent = title; note.className = "sub"; row.append(note); list.append(row);
    return function (state, said) { row.className = "verify-" + state; note.textContent = said; };
  }

  function finish(box, state, said) {
    var result = box.querySelector("[data-verify-result]");
    result.className = "verify-result mb-0 verify-result-" + state; result.textContent = said;
  }

  async function run(box) {
    var list = box.querySelector("[data-verify-steps]"), skipped = 0;
    list.replaceChildren(); finish(box, "part", "");
    if (!subtle) { finish(box, "part", "This browser offers no cryptography on this address: it does so only over HTTPS or on localhost. Nothing was checked."); return; }
    for (var step of stepsOf(box)) {
      var say = line(list, step[0]);
      try {
        var said = await step[1](), left_out = said.startsWith("skip: ");
        skipped += left_out ? 1 : 0;
        say(left_out ? "skip" : "ok", left_out ? said.slice(6) : said);
      } catch (error) {
        say("bad", error.message);
        finish(box, "bad", "Verification failed: do not rely on this file. Reason: " + error.message + ".");
        return;
      }
    }
    finish(box, skipped ? "part" : "ok", skipped ? "Everything that this browser can check holds; " + skipped + " step was left out." : "Verified: the file is what was recorded, and the log commits to it. The keys came from this server.");
  }

  document.querySelectorAll("[data-verify]").forEach(function (box) {
    var button = box.querySelector("[data-verify-start]");
    button.addEventListener("click", function () { button.disabled = true; run(box).finally(function () { button.disabled = false; button.textContent = "Verify again"; }); });
  });
})();
