/** Ascending, 1 and the number itself among them. */
export function divisorsOf(number: number): readonly number[] {
  const small: number[] = [];
  for (let divisor = 1; divisor * divisor <= number; divisor++) if (number % divisor === 0) small.push(divisor);
  const large = small.map((divisor) => number / divisor).filter((divisor) => divisor * divisor > number);
  return [...small, ...large.reverse()];
}
