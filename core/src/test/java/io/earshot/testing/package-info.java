/**
 * Fixtures that tests of several modules share: servers and loops without sockets, a broker in
 * memory, and the contract that every broker keeps.
 */
@NullMarked
package io.earshot.testing;

import org.jspecify.annotations.NullMarked;
