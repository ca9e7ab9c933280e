"""The verifier's own Ed25519: RFC 8032's vectors, and agreement with OpenSSL."""

from __future__ import annotations

from random import Random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tradsy.audit.verifier import ORDER, P, verify_signature

# RFC 8032 section 7.1: secret key, message (TEST 1, 2, 3, SHA(abc)); public key and signature follow from them.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
            "655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
            "b00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
            "c027beceea1ec40a"
        ),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
            "2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17a"
            "d9bef1177331a704"
        ),
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_rfc_8032_vectors(secret: str, public: str, message: str, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert verify_signature(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))


def accepts(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_agrees_with_openssl_on_good_and_bent_signatures() -> None:
    random = Random(8032)
    for number in range(150):
        key = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
        message = random.randbytes(random.randint(0, 200))
        parts = [
            bytearray(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
            bytearray(message),
            bytearray(key.sign(message)),
        ]
        if number % 3:
            bent = random.choice([part for part in parts if part])
            bent[random.randrange(len(bent))] ^= 1 << random.randrange(8)
        public, said, signature = map(bytes, parts)
        assert verify_signature(public, said, signature) == accepts(public, said, signature) == (number % 3 == 0)


def test_refuses_a_scalar_that_was_shifted_by_the_order() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), key.sign(b"m")
    shifted = int.from_bytes(signature[32:], "little") + ORDER
    assert verify_signature(public, b"m", signature)
    assert not verify_signature(public, b"m", signature[:32] + shifted.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "public",
    [(P + 1).to_bytes(32, "little"), (1 | 1 << 255).to_bytes(32, "little"), (2).to_bytes(32, "little"), b"short"],
    ids=["too large", "negative zero", "not on the curve", "wrong length"],
)
def test_refuses_keys_that_are_no_points(public: bytes) -> None:
    assert not verify_signature(public, b"m", bytes(64))


def test_refuses_signatures_of_another_length() -> None:
    assert not verify_signature(bytes(32), b"m", bytes(63))
