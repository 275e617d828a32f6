package io.earshot.redis.connection;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * Arguments of a command as Redis reads them, in one array: a request with hundreds of arguments
 * needs no object for each.
 *
 * <p>Owned by one thread until it is sent, and not changed from then on.
 */
public final class Written {
  private static final int LONGEST_NUMBER = 20;

  private byte[] bytes;
  private int length;
  private int count;

  /** No arguments, with room for so many bytes. */
  public Written(int capacity) {
    this.bytes = new byte[capacity];
  }

  /** These texts as arguments. */
  public static Written of(String... texts) {
    var all = new Written(64);
    for (String text : texts) {
      all.add(text);
    }
    return all;
  }

  /** Adds a text. */
  public Written add(String text) {
    return add(text.getBytes(UTF_8));
  }

  /** Adds a number in decimal. */
  public Written add(long number) {
    if (number < 0) {
      return add(Long.toString(number));
    }
    int digits = digits(number);
    begin(digits);
    number(number, digits);
    return end();
  }

  /** Adds bytes, which are copied. */
  public Written add(byte[] argument) {
    begin(argument.length);
    System.arraycopy(argument, 0, bytes, length, argument.length);
    length += argument.length;
    return end();
  }

  /** Adds the arguments of another one. */
  public Written add(Written others) {
    ensure(others.length);
    System.arraycopy(others.bytes, 0, bytes, length, others.length);
    length += others.length;
    count += others.count;
    return this;
  }

  private void begin(int size) {
    ensure(size + LONGEST_NUMBER);
    bytes[length++] = '$';
    number(size, digits(size));
    newLine();
  }

  private Written end() {
    newLine();
    count++;
    return this;
  }

  private void newLine() {
    bytes[length++] = '\r';
    bytes[length++] = '\n';
  }

  private static int digits(long number) {
    int digits = 1;
    for (long rest = number / 10; rest > 0; rest /= 10) {
      digits++;
    }
    return digits;
  }

  private void number(long number, int digits) {
    long rest = number;
    for (int i = length + digits - 1; i >= length; i--) {
      bytes[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    length += digits;
  }

  private void ensure(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }

  /** How many arguments there are. */
  int count() {
    return count;
  }

  /** The array, of which the first {@link #length} bytes are used. */
  byte[] bytes() {
    return bytes;
  }

  /** How many bytes the arguments take. */
  public int length() {
    return length;
  }
}
