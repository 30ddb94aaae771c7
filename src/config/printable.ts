/** ASCII's and Latin-1's control characters, line and paragraph separators, and what turns the direction of writing. */
const isControl = (code: number): boolean =>
  code < 0x20 ||
  (code >= 0x7f && code < 0xa0) ||
  code === 0x61c ||
  code === 0x200e ||
  code === 0x200f ||
  (code >= 0x2028 && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069);

/** All of them, and joiners and soft hyphens beside them. */
const suspicious = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const escapeCharacter = '\u001b';
/** What our own tables colour with (ECMA-48 SGR): bold, dim, italic, underlined, foreground. None that hides text. */
const ownColour = /^\[(?:[0-4]|2[2-4]|3[1-79]|9[0-7])m/;

/**
 * Text from files and programs as a terminal may have it: a control character would move the cursor, rename the window or forge a line.
 * `kept`: the control characters that stay.
 */
export const printable = (text: string, kept = '\n\t'): string =>
  text.replace(suspicious, (character) =>
    kept.includes(character) || !isControl(character.codePointAt(0)!) ? character : '\ufffd',
  );

/** A coloured report: `printable`, but for the colours. */
export function printableInColour(text: string): string {
  const [before = '', ...parts] = text.split(escapeCharacter);
  const afterEscape = (part: string) => {
    const colour = ownColour.exec(part)?.[0];
    return colour === undefined
      ? printable(escapeCharacter + part)
      : escapeCharacter + colour + printable(part.slice(colour.length));
  };
  return printable(before) + parts.map(afterEscape).join('');
}
