package io.earshot.access;

/**
 * The numbers of the tokens by which a session can be resumed. Each resume gives the client a new
 * token. The tokens before it stay valid until the client is known to have the new one, since the
 * answer may get lost. From then on a late request with an old token, such as one of a dead
 * connection, does not take the session away.
 *
 * <p>Immutable.
 *
 * @param oldest the number of the oldest token that is valid
 * @param newest the number of the token that was given last
 */
public record TokenNumbers(int oldest, int newest) {
  /** The numbers of a session that was not resumed yet. */
  public static final TokenNumbers FIRST = new TokenNumbers(0, 0);

  /** Whether a token is valid. */
  public boolean accept(int number) {
    return oldest <= number && number <= newest;
  }

  /** The numbers after a resume by a token, which the client has: it needs no older one. */
  public TokenNumbers resumedBy(int number) {
    return new TokenNumbers(number, newest + 1);
  }

  /** The numbers once the client is known to have the newest token. */
  public TokenNumbers received() {
    return oldest == newest ? this : new TokenNumbers(newest, newest);
  }
}
