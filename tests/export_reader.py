"""Reads a key export as another program would, checks its signature, and writes one.

    export_reader.py read FILE.zip PUBLIC_KEY_BASE64       prints what is in it
    export_reader.py write FILE.zip                        prints the public key of the key that signed it

The messages are described here as the published schema has them, and read by Google's protobuf; signatures are checked
and made by OpenSSL through `cryptography`. Nothing here comes from Vicino.
"""

import base64
import json
import sys
import zipfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

HEADER = b"EK Export v1    "
FIELD = descriptor_pb2.FieldDescriptorProto
MESSAGES = {
    "SignatureInfo": [
        ("app_bundle_id", 1, FIELD.TYPE_STRING), ("android_package", 2, FIELD.TYPE_STRING),
        ("verification_key_version", 3, FIELD.TYPE_STRING), ("verification_key_id", 4, FIELD.TYPE_STRING),
        ("signature_algorithm", 5, FIELD.TYPE_STRING),
    ],
    "TemporaryExposureKey": [
        ("key_data", 1, FIELD.TYPE_BYTES), ("transmission_risk_level", 2, FIELD.TYPE_INT32),
        ("rolling_start_interval_number", 3, FIELD.TYPE_INT32), ("rolling_period", 4, FIELD.TYPE_INT32),
        ("report_type", 5, FIELD.TYPE_INT32), ("days_since_onset_of_symptoms", 6, FIELD.TYPE_SINT32),
        ("variant_of_concern", 8, FIELD.TYPE_INT32),
    ],
    "TemporaryExposureKeyExport": [
        ("start_timestamp", 1, FIELD.TYPE_FIXED64), ("end_timestamp", 2, FIELD.TYPE_FIXED64),
        ("region", 3, FIELD.TYPE_STRING), ("batch_num", 4, FIELD.TYPE_INT32), ("batch_size", 5, FIELD.TYPE_INT32),
        ("signature_infos", 6, "SignatureInfo"), ("keys", 7, "TemporaryExposureKey"),
        ("revised_keys", 8, "TemporaryExposureKey"),
    ],
    "TEKSignature": [
        ("signature_info", 1, "SignatureInfo!"), ("batch_num", 2, FIELD.TYPE_INT32),
        ("batch_size", 3, FIELD.TYPE_INT32), ("signature", 4, FIELD.TYPE_BYTES),
    ],
    "TEKSignatureList": [("signatures", 1, "TEKSignature")],
}


def classes():
    file = descriptor_pb2.FileDescriptorProto(name="export.proto", syntax="proto2", package="en")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            added = message.field.add(name=field, number=number, label=FIELD.LABEL_OPTIONAL)
            if isinstance(kind, str):
                added.type, added.type_name = FIELD.TYPE_MESSAGE, ".en." + kind.rstrip("!")
                if not kind.endswith("!"):
                    added.label = FIELD.LABEL_REPEATED
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName("en." + name)) for name in MESSAGES}


TYPES = classes()


def plain(message):
    """The fields that are told, as plain data."""
    told = {}
    for field, value in message.ListFields():
        if field.type == FIELD.TYPE_MESSAGE:
            told[field.name] = plain(value) if hasattr(value, "ListFields") else [plain(one) for one in value]
        else:
            told[field.name] = value.hex() if isinstance(value, bytes) else value
    return told


def read(path, public):
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None and sorted(archive.namelist()) == ["export.bin", "export.sig"], archive.namelist()
    content = archive.read("export.bin")
    assert content.startswith(HEADER)
    export = TYPES["TemporaryExposureKeyExport"].FromString(content[len(HEADER):])
    signatures = TYPES["TEKSignatureList"].FromString(archive.read("export.sig")).signatures
    key = serialization.load_der_public_key(base64.b64decode(public))
    # Raises when the signature is not of this key.
    key.verify(signatures[0].signature, content, ec.ECDSA(hashes.SHA256()))
    assert [plain(one.signature_info) for one in signatures] == [plain(info) for info in export.signature_infos]
    print(json.dumps(plain(export), sort_keys=True))


def write(path):
    private = ec.generate_private_key(ec.SECP256R1())
    info = TYPES["SignatureInfo"](
        verification_key_version="v3", verification_key_id="310", signature_algorithm="1.2.840.10045.4.3.2"
    )
    export = TYPES["TemporaryExposureKeyExport"](
        start_timestamp=1585868400, end_timestamp=1585872000, region="US", batch_num=1, batch_size=1
    )
    export.signature_infos.append(info)
    for first in range(1, 51):
        export.keys.add(
            key_data=bytes([first] * 16), transmission_risk_level=first % 9, rolling_start_interval_number=2642976,
            rolling_period=first, report_type=first % 5, days_since_onset_of_symptoms=first % 29 - 14,
        )
    export.revised_keys.add(key_data=bytes(16), rolling_start_interval_number=2642976, report_type=5)
    content = HEADER + export.SerializeToString()
    signatures = TYPES["TEKSignatureList"]()
    signatures.signatures.add(
        signature_info=info, batch_num=1, batch_size=1, signature=private.sign(content, ec.ECDSA(hashes.SHA256()))
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.sig", signatures.SerializeToString())
        archive.writestr("export.bin", content)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    print(base64.b64encode(private.public_key().public_bytes(serialization.Encoding.DER, form)).decode())


if __name__ == "__main__":
    {"read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
