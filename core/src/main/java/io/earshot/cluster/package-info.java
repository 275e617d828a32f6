/** Several servers that share rooms over a broker. */
@NullMarked
package io.earshot.cluster;

import org.jspecify.annotations.NullMarked;
