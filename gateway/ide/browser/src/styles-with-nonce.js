// Gives every style element that a script makes the nonce of this answer: the page's policy allows no other.
//
// The editor and the dialogs make style elements, and have no setting for a nonce.
const { nonce } = document.querySelector("link[nonce]");
const create = document.createElement;

document.createElement = function createElement(...what) {
  const made = create.apply(this, what);
  if (made instanceof HTMLStyleElement) {
    made.nonce = nonce;
  }
  return made;
};
