export default function printSeed(): void {
  console.log(`seed ${process.env.SEED ?? '20261129 (SEED= draws others)'}`);
}
