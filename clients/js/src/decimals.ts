/** Quantities, exact: whole numbers of millionths, as `bigint`. */

/** A whole number, or a decimal text such as `"1250.5"`; not `0.1`, which no binary number is. */
export type Quantity = number | bigint | string;

const PLACES = 6;

/**
 * Read a quantity that the API takes, as millionths.
 *
 * @throws TypeError: it is a number that is not whole, or none
 * @throws RangeError: it is below 0, or has over 18 digits before or 6 after the point
 */
export function readQuantity(quantity: Quantity): bigint {
  if (typeof quantity === "number" && !Number.isSafeInteger(quantity)) {
    throw new TypeError("a quantity that is not a whole number is a text: '0.1'");
  }
  const found = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(String(quantity));
  if (!found || !/\d/.test(String(quantity))) {
    throw new TypeError(`quantity is no number: ${String(quantity)}`);
  }
  const [, sign = "", whole = "", part = ""] = found;
  const units = BigInt(whole + part.padEnd(PLACES, "0"));
  if ((sign && units) || whole.length > 18 || part.length > PLACES) {
    throw new RangeError(
      "quantity must be at least 0, with at most 18 digits before the point and 6 after it",
    );
  }
  return units;
}

/** Write millionths as a decimal text, without zeros at its end. */
export function writeQuantity(units: bigint): string {
  const digits = units.toString().padStart(PLACES + 1, "0");
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, "");
}
